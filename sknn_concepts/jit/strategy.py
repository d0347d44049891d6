"""What all strategies share: hyper-parameters that can be searched over, and names that can be looked up."""

import dataclasses
import difflib
import re
import typing
from numbers import Real

import numpy as np


@typing.dataclass_transform()
class Strategy:
    """A class whose fields are hyper-parameters and whose methods are formulas.

    Subclasses are dataclasses without saying so. ``get_params`` and ``set_params`` follow scikit-learn, so that
    ``GridSearchCV`` can vary ``activation__negative_slope`` and ``clone`` copies a strategy.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        dataclasses.dataclass(cls)

    def get_params(self, deep=True):
        """Hyper-parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Also those of strategies among them, as ``name__parameter``.

        Returns
        -------
        params : dict
        """
        params = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        for name, value in list(params.items()) if deep else ():
            if isinstance(value, Strategy):
                params.update({f"{name}__{key}": inner for key, inner in value.get_params().items()})
        return params

    def set_params(self, **params):
        """Change hyper-parameters.

        Parameters
        ----------
        **params : dict
            New values by name; ``name__parameter`` reaches into a strategy.

        Returns
        -------
        self : Strategy

        Raises
        ------
        ValueError
            If a name is not a hyper-parameter of this strategy.
        """
        known = [field.name for field in dataclasses.fields(self)]
        # a new strategy before its insides, whatever the order of a grid's names
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
        What the user passed.
    registry : dict of str to class
        The family's names.
    aliases : dict of str to str
        Other names that people type.
    family : type
        Base class of the family.
    parameter : str
        Name of the constructor argument, for the message.
    **hyper_parameters : dict
        Values for the fields of a strategy chosen by name, where it has fields of these names.

    Returns
    -------
    strategy : Strategy

    Raises
    ------
    ValueError
        If the name is unknown (the known ones and the nearest match are listed), or if `choice` is neither a name nor
        an instance of `family`, or if a hyper-parameter is out of its range.
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
        fields = {field.name for field in dataclasses.fields(getattr(make, "func", make))}
        strategy = make(**{key: value for key, value in hyper_parameters.items() if key in fields})
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
    """Raise a ValueError that names the hyper-parameter and its value where a number is wanted, and it is none."""
    for field in dataclasses.fields(strategy):
        kinds = set(re.findall(r"\w+", str(field.type)))  # of a type, or of its name
        value = getattr(strategy, field.name)
        if not kinds & {"float", "int"} or "str" in kinds or ("None" in kinds and value is None):
            continue
        if not isinstance(value, Real | np.bool_):
            raise ValueError(f"{field.name} of {type(strategy).__name__} must be a number; got {value!r}.")


def check_range(strategy, name, inside, interval):
    """Raise a ValueError that names the hyper-parameter, its value and the valid interval unless `inside`."""
    if not inside:
        raise ValueError(f"{name} of {type(strategy).__name__} must be in {interval}; got {getattr(strategy, name)!r}.")
