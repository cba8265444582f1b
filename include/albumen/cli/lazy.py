"""Commands each of which is imported when it is called: one verb does not wait for all others' imports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import typer


@dataclass(frozen=True, slots=True)
class Verb:
    """Where a verb is: `module:attribute` of a function or a `typer.Typer`."""

    reference: str
    context_settings: Mapping[str, Any] = field(default_factory=dict)

    def command(self, name: str) -> Any:
        """Import it and make the command."""
        module, _, attribute = self.reference.partition(":")
        verb = getattr(import_module(module), attribute)
        if not isinstance(verb, typer.Typer):
            app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
            app.command(name, context_settings=dict(self.context_settings))(verb)
            verb = app
        command: Any = typer.main.get_command(verb)
        command.name = name
        return command


class LazyCommands(MutableMapping[str, Any]):
    """Commands by name, those of `verbs` made when they are asked for.

    Parameters
    ----------
    verbs : mapping of str to Verb
        In the order of the help.
    own : mapping
        Commands that are there already; they come last.
    """

    def __init__(self, verbs: Mapping[str, Verb], own: Mapping[str, Any]) -> None:
        self._verbs = verbs
        self._made: dict[str, Any] = dict(own)

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._verbs[name].command(name)
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._verbs, **self._made})

    def __len__(self) -> int:
        return len({**self._verbs, **self._made})
