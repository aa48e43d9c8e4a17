"""Tables (CSV) of images, with boxes or with classes of whole images."""
