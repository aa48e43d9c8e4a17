"""Photographs whose pixels are stored as they are to be seen."""

import io
import os

from foveal.images._opening import opened

_ORIENTATION = 0x0112


def upright_jpeg(path: str | os.PathLike[str]) -> bytes:
    """The content of a JPEG file whose pixels are turned as EXIF says.

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
    from PIL import ImageOps

    with opened(path) as image:
        profile = image.info.get("icc_profile")
        upright = ImageOps.exif_transpose(image)
        exif = upright.getexif()
        exif.pop(_ORIENTATION, None)
        content = io.BytesIO()
        # Blocks of pixels do not turn with the image: what is written anew should lose as little as can be.
        upright.save(content, "JPEG", quality=95, subsampling=0, icc_profile=profile, exif=exif.tobytes())
    return content.getvalue()
