"""The formats of data sets, one file each; :mod:`foveal.data.formats.table` lists them."""
