"""The region proposal network: where objects may be."""
