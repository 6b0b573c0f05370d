"""PHPM's two means on examples small enough to compute by hand, and the union against a plain version."""

import numpy as np
import pytest
import torch
from reference import slow

import losses


def _logits(p: list[list[float]]) -> torch.Tensor:
    return torch.logit(torch.tensor(p, dtype=torch.float64))[None, None]


# a line with a gap: one component too many, born on a right pixel (error 0.1^2), dead in the gap (error 0.7^2)
GAP = _logits([[0.1] * 5, [0.9, 0.9, 0.3, 0.9, 0.9], [0.1] * 5])
LINE = torch.tensor([[0] * 5, [1] * 5, [0] * 5])[None, None]


def test_union_counts_right_cells_too():
    term = losses.build("phpm", dims=(0,)).topological_term(GAP, LINE)
    np.testing.assert_allclose(term, (0.1**2 + 0.7**2) / 2)
    assert losses.critical_pixels("phpm", GAP, LINE, dims=(0,)).sum() == 2


def test_dimensions_count_wrong_cells_alone():
    term = losses.build("phpm", dims=(0,), mean="dimensions").topological_term(GAP, LINE)
    np.testing.assert_allclose(term, 0.7**2)
    found = losses.critical_pixels("phpm", GAP, LINE, dims=(0,), mean="dimensions")
    assert found[0, 0].nonzero().tolist() == [[1, 2]]


def test_union_counts_a_pixel_once_and_all_dimensions_together():
    """Two gaps of a ring in one image: the lower one merges components, the higher one closes the loop."""
    p = np.full((5, 5), 0.9)
    p[2, 2], p[0, 2], p[4, 2] = 0.1, 0.3, 0.2  # hole, two gaps
    y = np.ones((5, 5), int)
    y[1:4, 1:4] = 0
    p[1:4, 1:4] = 0.1
    z, truth = _logits(p.tolist()), torch.from_numpy(y)[None, None]
    both = losses.critical_pixels("phpm", z, truth, dims=(0, 1))
    error = (torch.sigmoid(z) - truth) ** 2
    term = losses.build("phpm", dims=(0, 1)).topological_term(z, truth)
    torch.testing.assert_close(term, error[both].mean())
    # components: born at 1, dead at 0.3; the loop: born at 0.2, dead at 0 on a right pixel
    np.testing.assert_allclose(term, (0.1**2 + 0.7**2 + 0.8**2 + 0.1**2) / 4)
    wrong = losses.build("phpm", dims=(0, 1), mean="dimensions").topological_term(z, truth)
    np.testing.assert_allclose(wrong, 0.7**2 + 0.8**2)


@pytest.mark.parametrize("seed", range(8))
def test_union_of_random_images(seed):
    """Right pixels share one error, so that a library's choice among equal values changes nothing but the number."""
    rng = np.random.default_rng(seed)
    y = rng.random((9, 11)) < 0.5
    wrong = rng.random(y.shape) < 0.25
    p = np.where(wrong, np.where(y, 0.1, 0.65) + 0.3 * rng.random(y.shape), np.where(y, 0.9, 0.1))
    z, truth = _logits(p.tolist()), torch.from_numpy(y.astype(int))[None, None]
    mask = losses.critical_pixels("phpm", z, truth)[0, 0].numpy()
    filtered = np.where(wrong, p, y.astype(float))
    cells = {c for dim in (0, 1) for pair in slow.features(filtered, dim) for c in pair}
    wrong_cells = {c for c in cells if wrong.ravel()[c]}
    assert set(np.flatnonzero(mask & wrong)) == wrong_cells
    expected = ((p - y) ** 2)[mask].mean()
    np.testing.assert_allclose(losses.build("phpm").topological_term(z, truth), expected)


def test_ignored_pixels_are_in_no_union():
    y = LINE.clone()
    y[..., 3:] = 5
    loss = losses.build("phpm", dims=(0, 1), ignore_index=5)
    assert not loss.critical_pixels(GAP, y)[..., 3:].any()


@pytest.mark.parametrize(("shape", "dims"), [((9, 11), (0, 1)), ((5, 6, 7), (0,))])
def test_default_dimensions(shape, dims):
    """Components and loops in 2D, components in 3D; another choice gives another value."""
    torch.manual_seed(0)
    z, y = torch.randn(1, 1, *shape, dtype=torch.float64), torch.randint(0, 2, (1, 1, *shape))
    terms = {d: losses.build("phpm", dims=d).topological_term(z, y).item() for d in ((0,), (1,), (0, 1))}
    assert len(set(terms.values())) == 3
    assert losses.build("phpm").topological_term(z, y).item() == terms[dims]


def test_published_code_has_the_dimensions():
    assert losses.build("phpm_published").mean == "dimensions"
    assert losses.build("phpm").mean == "union"
