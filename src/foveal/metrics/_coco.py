"""The bridge to hotcoco, the COCO evaluator."""

from typing import Any

import numpy as np

from foveal.metrics._checked import Checked


def coco_evaluator(checked: Checked) -> Any:
    """A ``hotcoco.COCOeval`` of the checked ground truth and results, not yet evaluated.

    Ids are counted anew from 1 in the same order: COCO's evaluator takes the annotation id 0 for
    "no match", and a user's ids may be repeated or no numbers at all. ``difficult`` is left out, so such
    objects count; so is ``ignore``, which COCO's evaluator overwrites with ``iscrowd``.
    """
    from hotcoco import COCO, COCOeval

    objects, found = checked.objects, checked.found
    columns = (objects.images + 1, objects.labels + 1, objects.xywh, objects.areas, objects.crowd.astype(int))
    annotations = zip(*(column.tolist() for column in columns), strict=True)
    ground_truth = COCO(
        {
            "images": [{"id": i, "width": 0, "height": 0} for i in range(1, len(checked.image_ids) + 1)],
            "categories": [{"id": k, "name": name} for k, name in enumerate(checked.classes, 1)],
            "annotations": [
                {"id": number, "image_id": i, "category_id": k, "bbox": box, "area": area, "iscrowd": crowd}
                for number, (i, k, box, area, crowd) in enumerate(annotations, 1)
            ],
        }
    )
    rows = np.column_stack([found.images + 1, found.xywh, found.scores, found.labels + 1])
    return COCOeval(ground_truth, ground_truth.load_res(rows if len(rows) else []), "bbox")
