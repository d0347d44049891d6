"""The base class of strategies: hyper-parameters that can be searched, and names that can be looked up."""

import dataclasses
import difflib
import re
import typing
from numbers import Real

import numpy as np


@typing.dataclass_transform()
class Strategy:
    """A class whose fields are hyper-parameters and whose methods are formulas.

    Subclasses become dataclasses without a decorator. ``get_params`` and ``set_params`` follow scikit-learn, so that
    ``GridSearchCV`` can vary ``activation__negative_slope`` and ``clone`` copies a strategy.
    """

    __dataclass_fields__: typing.ClassVar[dict[str, typing.Any]]

    def __init_subclass__(cls, **kwargs: typing.Any) -> None:
        super().__init_subclass__(**kwargs)
        dataclasses.dataclass(cls)

    @classmethod
    def from_arguments(cls, **arguments: typing.Any) -> typing.Self:
        """Strategy with those of an estimator's arguments that have the name of a hyper-parameter.

        Parameters
        ----------
        **arguments : dict
            Values by name.

        Returns
        -------
        strategy : Strategy
        """
        fields = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in arguments.items() if name in fields})

    def check(self) -> None:
        """Raise ValueError if a hyper-parameter is out of its range; subclasses with ranges define it."""

    def get_params(self, deep: bool = True) -> dict[str, typing.Any]:
        """Hyper-parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include those of strategies among them, as ``name__parameter``.

        Returns
        -------
        params : dict
        """
        params = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        for name, value in list(params.items()) if deep else ():
            if isinstance(value, Strategy):
                params.update({f"{name}__{key}": inner for key, inner in value.get_params().items()})
        return params

    def set_params(self, **params: typing.Any) -> typing.Self:
        """Change hyper-parameters.

        Parameters
        ----------
        **params : dict
            New values by name; ``name__parameter`` is a hyper-parameter of the strategy ``name``.

        Returns
        -------
        self : Strategy

        Raises
        ------
        ValueError
            If a name is not a hyper-parameter of this strategy.
        """
        known = [field.name for field in dataclasses.fields(self)]
        # a new strategy before its hyper-parameters, whatever the order of a grid's names
        for name, value in sorted(params.items(), key=lambda item: "__" in item[0]):
            head, _, rest = name.partition("__")
            if head not in known:
                raise ValueError(f"Invalid parameter {head!r} for {self!r}. Valid parameters are: {known}.")
            if rest:
                getattr(self, head).set_params(**{rest: value})
            else:
                setattr(self, head, value)
        return self


def resolve(choice, registry, aliases, family, parameter, **hyper_parameters):
    """Strategy instance for a name or an instance.

    Parameters
    ----------
    choice : str or Strategy
        A name, or an instance.
    registry : dict of str to class
        Classes of the family by name.
    aliases : dict of str to str
        Other names that are accepted, and the names in the registry that they stand for.
    family : type
        Base class of the family.
    parameter : str
        Name of the constructor argument, for error messages.
    **hyper_parameters : dict
        Values for the hyper-parameters of a strategy that is chosen by name, as far as it takes them.

    Returns
    -------
    strategy : Strategy

    Raises
    ------
    ValueError
        If the name is unknown, if `choice` is neither a name nor an instance of `family`, or if a hyper-parameter is
        out of its range.
    """
    if isinstance(choice, family):
        strategy = choice
    elif isinstance(choice, str):
        name = aliases.get(choice, choice)
        if name not in registry:
            near = difflib.get_close_matches(choice, [*registry, *aliases], 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"The {parameter!r} parameter has no {choice!r}; it has {sorted(registry)}.{hint}")
        make = registry[name]
        strategy = make.from_arguments(**hyper_parameters) if hyper_parameters else make()
    elif isinstance(choice, type) and issubclass(choice, family):
        raise ValueError(f"The {parameter!r} parameter got the class {choice.__name__}; pass {choice.__name__}().")
    else:
        raise ValueError(
            f"The {parameter!r} parameter must be one of {sorted(registry)} or an instance of {family.__name__}. "
            f"Got {choice!r} instead."
        )
    _check_numbers(strategy)
    strategy.check()
    return strategy


def _check_numbers(strategy):
    """Raise a ValueError that names the hyper-parameter and its value if it should be a number, but is none."""
    for field in dataclasses.fields(strategy):
        kinds = set(re.findall(r"\w+", str(field.type)))  # the annotation is a type, or the name of one
        value = getattr(strategy, field.name)
        if not kinds & {"float", "int"} or "str" in kinds or ("None" in kinds and value is None):
            continue
        if not isinstance(value, Real | np.bool_):
            raise ValueError(f"{field.name} of {type(strategy).__name__} must be a number; got {value!r}.")


def check_range(strategy, name, inside, interval):
    """Raise a ValueError that names the hyper-parameter, its value and the valid interval unless `inside`."""
    if not inside:
        raise ValueError(f"{name} of {type(strategy).__name__} must be in {interval}; got {getattr(strategy, name)!r}.")
