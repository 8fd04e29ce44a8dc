"""What an engine is planned for: as much as the process may use, and nothing that wasmtime would end it for."""

import pytest

from whorl.engine.budgets import Budget, is_reservable
from whorl.engine.configuration import EngineConfiguration, make_engine
from whorl.errors import EngineError

GIB = 1 << 30
ROOMY = Budget(address_space=127 << 40, memory=64 * GIB, mappings=65_530)


def test_the_process_has_a_budget() -> None:
    budget = Budget.of_process()
    assert 0 < budget.address_space <= 1 << 47
    assert budget.memory > 1 << 20
    assert budget.mappings > 1000


def test_a_piece_of_address_space_is_tried() -> None:
    assert is_reservable(GIB)
    assert not is_reservable(1 << 60)
    assert not is_reservable(1 << 70)


def test_a_process_without_limits_has_room_for_thousands_of_instances() -> None:
    configuration = EngineConfiguration.fitting(ROOMY)
    assert configuration.is_pooled
    assert 2000 <= configuration.max_instances < 2100
    make_engine(configuration).close()


@pytest.mark.parametrize(
    ("budget", "most"),
    [
        (Budget(127 << 40, 256 << 20, 65_530), 256),
        (Budget(127 << 40, 64 * GIB, 3200), 100),
        (Budget(2 << 40, 64 * GIB, 65_530), 42),
    ],
)
def test_whatever_is_scarcest_counts(budget: Budget, most: int) -> None:
    configuration = EngineConfiguration.fitting(budget)
    assert (configuration.is_pooled, configuration.max_instances) == (True, most)


def test_little_address_space_is_used_without_a_pool() -> None:
    configuration = EngineConfiguration.fitting(Budget(8 * GIB, 64 * GIB, 65_530))
    assert (configuration.is_pooled, configuration.max_instances) == (False, 64)
    assert configuration.fingerprint() != EngineConfiguration().fingerprint()
    make_engine(configuration).close()


@pytest.mark.parametrize("budget", [Budget(0, GIB, 65_530), Budget(127 << 20, GIB, 65_530)])
def test_where_nothing_fits_the_limit_to_raise_is_named(budget: Budget) -> None:
    with pytest.raises(EngineError, match=r"no instance fits into this process: .* raise its limit \(`ulimit -v`\)"):
        EngineConfiguration.fitting(budget)


@pytest.mark.parametrize("instances", [10_000, 1 << 40])
def test_a_pool_that_does_not_fit_is_refused_before_wasmtime_sees_it(instances: int) -> None:
    with pytest.raises(EngineError, match=f"a pool of {instances} instances does not fit into this process"):
        make_engine(EngineConfiguration(max_instances=instances))
