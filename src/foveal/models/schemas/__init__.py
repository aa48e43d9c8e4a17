"""What a model file may hold, said once a kind of model and checked before anything is built of it."""

from foveal.models.schemas.model_files import check_model_file

__all__ = ["check_model_file"]
