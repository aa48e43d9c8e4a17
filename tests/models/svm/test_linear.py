import numpy as np
import pytest
from sklearn.svm import LinearSVC

from foveal.models.svm.examples import Examples
from foveal.models.svm.linear import LinearSVMs, fit_linear_svms


@pytest.fixture(scope="module")
def examples():
    """Three classes: two that overlap, one without positives; image 0 holds the first hundred rows."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 5)).astype(np.float32)
    features[:60, 0] += 2
    features[60:100, 1] += 2
    positives = [np.arange(60), np.arange(60, 100), np.zeros(0, np.int64)]
    negatives = [np.arange(60, 300), np.r_[np.arange(60), np.arange(100, 300)], np.arange(300)]
    return Examples(features, np.repeat([0, 1, 2], 100), positives, negatives)


def test_is_scikit_learns_linear_svm(examples):
    svms = fit_linear_svms(examples, C=0.1)
    assert svms.weights.shape == (5, 3)
    assert svms.weights.dtype == svms.biases.dtype == np.float32
    for label in range(2):
        rows = np.r_[examples.positives[label], examples.negatives[label]]
        y = np.arange(len(rows)) < len(examples.positives[label])
        exact = LinearSVC(C=0.1, intercept_scaling=10, tol=1e-6, max_iter=100000).fit(
            examples.features[rows], y
        )
        np.testing.assert_allclose(
            svms(examples.features)[:, label], exact.decision_function(examples.features), atol=0.1
        )


def test_a_class_of_one_kind_of_example_is_constant(examples):
    assert (fit_linear_svms(examples, C=0.1)(examples.features)[:, 2] == -10).all()
    all_positive = Examples(examples.features, examples.images, [np.arange(5)], [np.zeros(0, np.int64)])
    assert (fit_linear_svms(all_positive, C=0.1)(examples.features) == 1).all()


def test_images_that_are_left_out_do_not_matter(examples):
    poisoned = examples.features.copy()
    poisoned[100:200] = 1e3
    without = np.array([1])
    clean = fit_linear_svms(examples, C=0.1, without=without)
    dirty = fit_linear_svms(Examples(poisoned, *_rest(examples)), C=0.1, without=without)
    np.testing.assert_array_equal(clean.weights, dirty.weights)
    # All positives are in image 0.
    assert (fit_linear_svms(examples, C=0.1, without=np.array([0])).biases == -10).all()


def _rest(examples):
    return examples.images, examples.positives, examples.negatives


def test_the_same_examples_give_the_same(examples):
    # Many times: when threads shared liblinear's generator it differed nearly every time.
    assert len({fit_linear_svms(examples, C=1.0).weights.tobytes() for _ in range(8)}) == 1


def test_no_features_at_all():
    svms = LinearSVMs(np.ones((4, 2), np.float32), np.zeros(2, np.float32))
    assert svms(np.zeros((0, 4), np.float32)).shape == (0, 2)
