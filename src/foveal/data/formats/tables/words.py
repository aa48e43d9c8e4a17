"""What tools and people call the columns of tables of images."""

import re
from collections.abc import Sequence

from foveal.data.formats.box_layouts import Layout


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: Of columns that name the image, the likeliest first; as :func:`plain` writes them.
IMAGES = _words(
    "filename file filepath image imagepath imagefile imagefilename imagename img imgpath imgname imgfile "
    "fname path fullpath relativepath picture photo pic frame uri url imageurl imageuri imgurl externalid "
    "imageid imgid photoid pictureid patientid fileid id uuid key images filepaths filenames paths "
    "imagepaths imagenames imageids imgs"
)
#: Of columns with the class.
NAMES = _words(
    "classname labelname categoryname objectname class label category objectclass objectlabel object breed "
    "species tag labels classes categories classlabel displayname cls target type name classid labelid "
    "categoryid y"
)
# Beside columns of which the other names are known; alone they do not make a first line.
_NAMES_ABROAD = _words("klasse kategorie objekt classe categorie categoria clase etiqueta")
NAMES += _NAMES_ABROAD
LEFT = _words("xmin x1 x0 left xleft minx xstart startx xtl topleftx tlx upperleftx ulx")
TOP = _words("ymin y1 y0 top ytop miny ystart starty ytl toplefty tly upperlefty uly")
RIGHT = _words("xmax x2 right xright maxx xend endx xbr bottomrightx brx lowerrightx lrx")
BOTTOM = _words("ymax y2 bottom ybottom maxy yend endy ybr bottomrighty bry lowerrighty lry")
X, Y, W, H = _words("x bx"), _words("y by"), _words("w bw"), _words("h bh")
CENTRE_X = _words("cx xcenter xcentre centerx centrex xc xmid")
CENTRE_Y = _words("cy ycenter ycentre centery centrey yc ymid")
#: Of the image's size, where they do not mean the box's.
WIDTH = _words("imagewidth imgwidth imgw imagew originalwidth")
HEIGHT = _words("imageheight imgheight imgh imageh originalheight")
SPLITS = _words("split subset set partition mluse datasplit datatype dataset")
IS_VAL = _words("isvalid isval isvalidation")
SCORES = _words("score confidence conf probability prob")
CROWD = _words("isgroupof iscrowd groupof crowd")
DIFFICULT = _words("difficult isdifficult difficulty ignore")
#: Of columns that hold whole boxes as text, with the layout that the name tells.
BOXES: dict[str, Layout | None] = dict.fromkeys(
    _words(
        "bbox bboxes box boxes boundingbox boundingboxes predictionstring annotations annotation coordinates "
        "coords objects"
    )
)
BOXES |= {"bboxxywh": "sides", "xywh": "sides", "bboxcoco": "sides", "bboxxyxy": "corners", "xyxy": "corners"}
# Global Wheat documents corners.
BOXES["boxesstring"] = "corners"
BOXES |= {"bboxvoc": "corners", "bboxpascalvoc": "corners", "bboxcxcywh": "centres", "bboxyolo": "centres"}
OUTLINES = _words("polygon geometry points segmentation vertices contour")
#: Of columns with masks as run lengths: numbers, but no boxes.
MASKS = _words("encodedpixels rle mask masks counts")
_KNOWN = {
    *IMAGES,
    *NAMES,
    *LEFT,
    *TOP,
    *RIGHT,
    *BOTTOM,
    *X,
    *Y,
    *W,
    *H,
    *CENTRE_X,
    *CENTRE_Y,
    *BOXES,
    *OUTLINES,
} - {*_NAMES_ABROAD}
_PREFIX = re.compile(r"^(boundingbox|bndbox|bbox|box|bb(?!ox)|roi|rectangle|rect|region|object|obj)(?=.)")
_UNIT = re.compile(r"(?<=.)(pixels?|px|normali[sz]ed|norm|relative|rel|coordinates?|coord)$")


def plain(word: str) -> str:
    """A column's name without case, blanks and marks.

    Examples
    --------
    >>> plain(" X_Min "), plain("Roi.X1")
    ('xmin', 'roix1')
    """
    return re.sub(r"[\W_]+", "", word.lower())


def bare(word: str) -> str:
    """A plain name of a column without ``bbox`` before it and a unit behind it.

    Examples
    --------
    >>> bare("bboxxmin"), bare("xpx"), bare("bbox")
    ('xmin', 'x', 'bbox')
    """
    return _UNIT.sub("", _PREFIX.sub("", word))


def is_known(word: str) -> bool:
    """Whether a plain name is one that columns of tables of images have."""
    return word in _KNOWN or bare(word) in _KNOWN


class Words:
    """The words of a first line, to be asked for columns of a meaning."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.bare = [bare(word) for word in words]

    def exact(self, *wanted: str) -> int | None:
        """The column of exactly such a name; the first that is wanted counts most."""
        return next((i for name in wanted for i, word in enumerate(self.words) if word == name), None)

    def one(self, *wanted: str) -> int | None:
        """The column of such a name, with ``bbox`` and the like before it rather than without."""
        places = [(i, word) for name in wanted for i, word in enumerate(self.bare) if word == name]
        return min(places, key=lambda place: self.words[place[0]] == place[1])[0] if places else None

    def pair(self, first: Sequence[str], second: Sequence[str]) -> tuple[int, ...]:
        """Two columns, or none."""
        return all_of(self.one(*first), self.one(*second))


def all_of(*places: int | None) -> tuple[int, ...]:
    """Columns, all of them or none."""
    found = tuple(place for place in places if place is not None)
    return found if len(found) == len(places) else ()
