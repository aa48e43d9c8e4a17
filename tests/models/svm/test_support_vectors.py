import numpy as np
import pytest
from sklearn.svm import SVC

from foveal.models.classifiers.image_classifier import greatest
from foveal.models.svm.support_vectors import SupportVectors, kernel_values


def blobs(n_classes, seed=0, dimensions=6, each=25):
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(n_classes, dimensions))
    labels = np.repeat(np.arange(n_classes), each)
    # Overlapping classes, so that votes tie.
    return (centers[labels] + rng.normal(size=(len(labels), dimensions))).astype(np.float32), labels


@pytest.mark.parametrize("n_classes", [2, 3, 4, 7])
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("precomputed", [False, True])
def test_decides_as_scikit_learn_does(n_classes, kernel, precomputed):
    x, y = blobs(n_classes)
    new = np.random.default_rng(1).normal(size=(400, 6)).astype(np.float32) * 2
    if precomputed:
        svc = SVC(C=1.5, kernel="precomputed").fit(kernel_values(x, x, kernel, 0.3), y)
        given = kernel_values(new, x, kernel, 0.3)
    else:
        svc = SVC(C=1.5, kernel=kernel, gamma=0.3).fit(x, y)
        given = new
    ours = SupportVectors.from_svc(svc, x, kernel, 0.3)
    np.testing.assert_allclose(ours.decision_function(new), svc.decision_function(given), atol=1e-9)
    svc.set_params(break_ties=n_classes > 2)
    np.testing.assert_array_equal(greatest(ours.decision_function(new)), svc.predict(given))
    svc.set_params(break_ties=False)
    svc.set_params(decision_function_shape="ovo")
    np.testing.assert_allclose(
        ours.pairwise(new), svc.decision_function(given).reshape(len(new), -1), atol=1e-9
    )


def test_rows_are_judged_alike_in_any_company():
    x, y = blobs(3)
    ours = SupportVectors.from_svc(SVC(gamma=0.2).fit(x, y), x, "rbf", 0.2)
    together = ours.decision_function(x)
    alone = np.concatenate([ours.decision_function(row[None]) for row in x])
    np.testing.assert_allclose(together, alone, atol=1e-12)
    assert ours.decision_function(x[:0]).shape == (0, 3)
