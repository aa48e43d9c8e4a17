import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import SVC, LinearSVC

from foveal.errors import SettingError
from foveal.models.svm.examples import Examples
from foveal.models.svm.intersection import IntersectionSVMs, fit_intersection_svms
from foveal.models.svm.support_vectors import SupportVectors, kernel_values


def histograms(number, length=20, seed=0):
    """Rows that are mostly small and often 0, as histograms are."""
    rng = np.random.default_rng(seed)
    return np.maximum(rng.random((number, length)) ** 3 - 0.05, 0).astype(np.float32)


def intersections(a, b):
    """The kernel as it is defined, in float64."""
    return np.minimum(a[:, None].astype(np.float64), b[None].astype(np.float64)).sum(axis=2)


def tabulated(rows, vectors, coefficients, steps):
    """What a table of equally spaced steps of each feature says, between them linearly; (N, K)."""
    out = np.zeros((len(rows), coefficients.shape[1]))
    for d in range(rows.shape[1]):
        at = np.linspace(0, vectors[:, d].max(), steps)
        shares = np.minimum(at[:, None], vectors[None, :, d].astype(np.float64)) @ coefficients
        for k in range(coefficients.shape[1]):
            out[:, k] += np.interp(rows[:, d], at, shares[:, k])
    return out


def bump(number, seed=0):
    """Class 0 lies between two values of a feature: no line parts it from the rest."""
    rng = np.random.default_rng(seed)
    features = rng.random((number, 4)).astype(np.float32)
    inside = (features[:, 0] > 0.35) & (features[:, 0] < 0.65)
    return features, inside


@pytest.fixture(scope="module")
def examples():
    """Three classes: a bump, its surroundings, and one without positives; a hundred rows an image."""
    features, inside = bump(400)
    yes, no = np.flatnonzero(inside), np.flatnonzero(~inside)
    return Examples(
        features,
        np.repeat(np.arange(4), 100),
        [yes, no, np.zeros(0, np.int64)],
        [no, yes, np.arange(400)],
    )


def replaced(examples, features):
    return Examples(features, examples.images, examples.positives, examples.negatives)


@pytest.mark.parametrize("shape", [(1, 1, 1), (7, 3, 5), (70, 130, 33), (0, 4, 3), (4, 0, 3)])
def test_the_kernel_is_the_sum_of_minima(shape):
    n, m, d = shape
    a, b = histograms(n, d), histograms(m, d, seed=1)
    values = kernel_values(a, b, "intersection")
    assert values.shape == (n, m)
    np.testing.assert_allclose(values, intersections(a, b), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("number", [1, 63, 64, 65, 150])
def test_the_kernel_of_rows_with_themselves(number):
    rows = histograms(number)
    values = kernel_values(rows, rows, "intersection")
    np.testing.assert_array_equal(values, values.T)
    np.testing.assert_allclose(values, intersections(rows, rows), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(values, kernel_values(rows, rows.copy(), "intersection"))


def test_a_worked_example():
    a, b = np.float32([[0.5, 0.25, 0.25]]), np.float32([[0.25, 0.75, 0.0], [0.5, 0.25, 0.25]])
    assert kernel_values(a, b, "intersection").tolist() == [[0.5, 1.0]]


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(1, 40), st.integers(1, 4), st.integers(2, 70))
def test_decides_by_a_table(seed, number, length, n_classes, steps):
    rng = np.random.default_rng(seed)
    vectors, rows = histograms(number, length, seed), 1.2 * histograms(9, length, seed + 1)
    coefficients = rng.normal(size=(number, n_classes)) * (rng.random((number, n_classes)) < 0.7)
    biases = rng.normal(size=n_classes).astype(np.float32)
    svms = IntersectionSVMs(vectors, coefficients, biases, steps=steps)
    expected = tabulated(rows, vectors, coefficients, steps) + biases
    np.testing.assert_allclose(svms(rows), expected, rtol=1e-4, atol=1e-4)


def test_between_its_steps_the_table_is_close():
    vectors, rows = histograms(300, 50), histograms(200, 50, seed=1)
    coefficients = np.random.default_rng(2).normal(size=(300, 2))
    coefficients -= coefficients.mean(axis=0)
    svms = IntersectionSVMs(vectors, coefficients, np.float32([0.5, -2]))
    exact = intersections(rows, vectors) @ coefficients + [0.5, -2]
    wrong = np.abs(svms(rows) - exact)
    assert wrong.max() < 0.02 * exact.std()
    few = IntersectionSVMs(vectors, coefficients, svms.biases, steps=8)
    assert np.abs(few(rows) - exact).max() > 2 * wrong.max()


def test_values_outside_those_learnt_from():
    svms = IntersectionSVMs(np.float32([[1, 0], [2, 0]]), np.float64([[1], [-1]]), np.float32([5]))
    # min(1, x) - min(2, x) + 5; the second feature is 0 in every support vector.
    rows = np.float32([[0, 9], [1, 0], [2, 0], [100, 100], [np.inf, 0]])
    np.testing.assert_allclose(svms(rows)[:, 0], [5, 5, 4, 4, 4], atol=0.02)
    # Nothing is read from outside the table.
    assert np.isfinite(svms(np.float32([[-1e9, 0], [np.nan, 0]]))).all()
    assert svms(np.zeros((0, 2), np.float32)).shape == (0, 1)


def test_no_support_vectors_at_all():
    svms = IntersectionSVMs(np.zeros((0, 3), np.float32), np.zeros((0, 2)), np.float32([1, -10]))
    assert svms(np.ones((2, 3), np.float32)).tolist() == [[1, -10]] * 2


def test_is_scikit_learns_svm_with_the_kernel(examples):
    svms = fit_intersection_svms(examples, C=1.0)
    assert svms.vectors.dtype == svms.biases.dtype == np.float32
    assert svms.coefficients.shape == (len(svms.vectors), 3)
    new, _ = bump(500, seed=1)
    for label in range(2):
        rows = np.r_[examples.positives[label], examples.negatives[label]]
        x = examples.features[rows]
        y = np.arange(len(rows)) < len(examples.positives[label])
        svc = SVC(C=1.0, kernel=intersections).fit(x, y)
        np.testing.assert_allclose(svms(new)[:, label], svc.decision_function(new), atol=0.02)
        machine = SupportVectors.from_svc(svc, x, "intersection", 0.0)
        np.testing.assert_allclose(machine.decision_function(new), svc.decision_function(new), atol=1e-4)


def test_parts_what_no_line_can(examples):
    new, inside = bump(1000, seed=1)
    found = fit_intersection_svms(examples, C=10.0)(new)[:, 0] > 0
    assert (found == inside).mean() > 0.95
    rows = np.r_[examples.positives[0], examples.negatives[0]]
    y = np.arange(len(rows)) < len(examples.positives[0])
    line = LinearSVC(C=10.0).fit(examples.features[rows], y).predict(new)
    assert (line == inside).mean() < 0.75


def test_of_many_examples_the_hard_ones_are_learnt_from():
    features, inside = bump(3000)
    examples = Examples(features, np.arange(3000), [np.flatnonzero(inside)], [np.flatnonzero(~inside)])
    new, truth = bump(1000, seed=1)
    exact = fit_intersection_svms(examples, C=1.0)
    bounded = fit_intersection_svms(examples, C=1.0, most=1500)
    assert len(bounded.vectors) <= 1500
    np.testing.assert_allclose(bounded(new), exact(new), atol=0.1)
    few = fit_intersection_svms(examples, C=1.0, most=100)
    assert len(few.vectors) <= 100
    assert ((few(new)[:, 0] > 0) == truth).mean() > 0.85
    assert fit_intersection_svms(examples, C=1.0, most=100)(new).tobytes() == few(new).tobytes()


def test_few_of_one_kind_among_many():
    features, inside = bump(300)
    yes, no = np.flatnonzero(inside), np.flatnonzero(~inside)
    for some, rest in ((yes[:3], no), (yes, no[:3]), (yes[:1], no[:1])):
        examples = Examples(features, np.zeros(300, np.int64), [some], [rest])
        svms = fit_intersection_svms(examples, C=1.0, most=20)
        assert 2 <= len(svms.vectors) <= 20
        assert set(np.sign(svms.coefficients[:, 0])) == {-1, 1}


def test_a_class_of_one_kind_of_example_is_constant(examples):
    assert (fit_intersection_svms(examples, C=1.0)(examples.features)[:, 2] == -10).all()
    all_positive = Examples(examples.features, examples.images, [np.arange(5)], [np.zeros(0, np.int64)])
    svms = fit_intersection_svms(all_positive, C=1.0)
    assert (svms(examples.features) == 1).all()
    assert svms.vectors.shape == (0, 4)


def test_images_that_are_left_out_do_not_matter(examples):
    poisoned = examples.features.copy()
    poisoned[100:200] = 1e3
    without = np.array([1])
    clean = fit_intersection_svms(examples, C=1.0, without=without)
    dirty = fit_intersection_svms(replaced(examples, poisoned), C=1.0, without=without)
    np.testing.assert_array_equal(clean.vectors, dirty.vectors)
    np.testing.assert_array_equal(clean.coefficients, dirty.coefficients)


def test_the_same_examples_give_the_same(examples):
    def bytes_of(svms):
        return [array.tobytes() for array in (*svms.arrays().values(), svms(examples.features))]

    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first = fit_intersection_svms(examples, C=1.0)
    for _ in range(4):
        assert bytes_of(fit_intersection_svms(examples, C=1.0)) == bytes_of(first)
    # The global generator is neither asked nor moved.
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@pytest.mark.parametrize("wrong", [-1e-3, np.nan])
def test_features_that_are_no_histograms(examples, wrong):
    features = examples.features.copy()
    features[3, 2] = wrong
    with pytest.raises(SettingError, match="kernel='linear'"):
        fit_intersection_svms(replaced(examples, features), C=1.0)
