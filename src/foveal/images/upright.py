"""Photographs whose pixels are stored as they are to be seen."""

import io
import os

from foveal.images._opening import opened


def upright_jpeg(path: str | os.PathLike[str]) -> bytes:
    """The content of a JPEG file whose pixels are turned as EXIF says, with its own tables of quantisation.

    Parameters
    ----------
    path : path-like
        A JPEG file.

    Returns
    -------
    bytes
        What EXIF says else and the profile of colours are kept.

    Raises
    ------
    ImageError
        If the file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "a.jpg"
    >>> exif = Image.Exif()
    >>> exif[0x0112] = 6
    >>> Image.new("RGB", (4, 3)).save(file, exif=exif)
    >>> with Image.open(io.BytesIO(upright_jpeg(file))) as image:
    ...     image.size, image.getexif().get(0x0112, 1)
    ((3, 4), 1)
    """
    from PIL import ImageOps, JpegImagePlugin

    with opened(path) as image:
        quantization = getattr(image, "quantization", None)
        sampling = JpegImagePlugin.get_sampling(image)
        profile = image.info.get("icc_profile")
        upright = ImageOps.exif_transpose(image)
        exif = upright.getexif()
        exif.pop(0x0112, None)
        content = io.BytesIO()
        upright.save(
            content,
            "JPEG",
            # Chroma that is halved one way only would have to be halved the other way after a quarter turn.
            subsampling=sampling if sampling in (0, 2) else 0,
            qtables=quantization,
            icc_profile=profile,
            exif=exif.tobytes(),
        )
    return content.getvalue()
