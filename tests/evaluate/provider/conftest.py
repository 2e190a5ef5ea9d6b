from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("inspect_ai")


@pytest.fixture
def provided(tiny):
    """``provided(folder, **arguments)``: Inspect's model of our provider, closed with the test."""
    from inspect_ai.model import GenerateConfig, get_model

    import eudaimon.evaluate.inspect_entry  # noqa: F401

    made = []

    def of(folder=None, config=None, **arguments):
        model = get_model(
            f"eudaimon/{folder or tiny('llama')}",
            config=config or GenerateConfig(),
            memoize=False,
            device="cpu",
            **arguments,
        )
        made.append(model)
        return model

    yield of
    for model in made:
        model.api.close()


@pytest.fixture
def together():
    """``together(model, inputs, config)``: the outputs of inputs that are asked side by side."""
    from inspect_ai.model import GenerateConfig

    def ask(model, inputs, **config):
        async def all_of_them():
            return await asyncio.gather(
                *(model.generate(one, config=GenerateConfig(**config)) for one in inputs)
            )

        return asyncio.run(all_of_them())

    return ask
