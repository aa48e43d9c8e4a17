"""Which detections of a video are the same object: identities over frames, and counts of them."""

from foveal.tracking.byte_track import ByteTrack, Tracked
from foveal.tracking.counting import Counter
from foveal.tracking.kalman import KalmanBox

__all__ = ["ByteTrack", "Counter", "KalmanBox", "Tracked"]
