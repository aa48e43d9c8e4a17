"""Photographs whose pixels are stored as they are to be seen."""

import io
import os

from foveal.images._opening import opened

_ORIENTATION = 0x0112


def upright(path: str | os.PathLike[str]) -> bytes:
    """The content of an image file whose pixels are turned as EXIF says.

    Parameters
    ----------
    path : path-like
        An image of any format.

    Returns
    -------
    bytes
        Of a JPEG file a JPEG of quality 95, of any other a PNG, which has the pixels as Pillow reads them:
        grey, transparency and 16 bits stay. What EXIF says else and the profile of colours are kept.

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
    >>> with Image.open(io.BytesIO(upright(file))) as image:
    ...     image.size, image.getexif().get(0x0112, 1)
    ((3, 4), 1)
    """
    from PIL import ImageOps

    with opened(path) as image:
        profile = image.info.get("icc_profile")
        turned = ImageOps.exif_transpose(image)
        exif = turned.getexif()
        exif.pop(_ORIENTATION, None)
        content = io.BytesIO()
        # Blocks of pixels do not turn with the image: what is written anew should lose as little as can be.
        jpeg = image.format in ("JPEG", "MPO")
        how = {"quality": 95, "subsampling": 0} if jpeg else {}
        turned.save(content, "JPEG" if jpeg else "PNG", icc_profile=profile, exif=exif.tobytes(), **how)
    return content.getvalue()
