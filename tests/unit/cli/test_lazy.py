"""The verbs: each is imported when it is called, and all are there."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer.main
from typer.testing import CliRunner

from albumen.cli import SURROUNDINGS, VERBS, app, main


@pytest.mark.parametrize("name", sorted(VERBS))
def test_every_verb_is_there_and_has_words_to_it(name: str) -> None:
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    assert command.name == name
    assert command.help
    assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0


def test_the_help_lists_the_verbs_in_their_order() -> None:
    group = typer.main.get_command(app)
    assert list(group.commands)[: len(VERBS)] == list(VERBS)  # type: ignore[attr-defined]


def test_an_unknown_verb_is_refused() -> None:
    outcome = CliRunner().invoke(app, ["wash"])
    assert outcome.exit_code == 2
    assert "No such command 'wash'" in outcome.output


def test_no_verb_is_imported_before_it_is_called() -> None:
    code = "import sys, albumen.cli; print([name for name in sys.modules if name.startswith('albumen.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['albumen.cli.lazy', 'albumen.cli']"


@pytest.mark.parametrize("reference", SURROUNDINGS)
def test_a_fault_of_the_surroundings_is_told_in_words(
    reference: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module, _, name = reference.partition(":")
    fault = getattr(__import__(module, fromlist=[name]), name)

    def broken(**_: object) -> None:
        raise type("Sub", (fault,), {"__init__": lambda self: Exception.__init__(self, "no disk")})()

    monkeypatch.setattr("albumen.cli.app", broken)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "error: no disk\n"


def test_any_other_fault_keeps_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("albumen.cli.app", broken)
    with pytest.raises(ZeroDivisionError):
        main()
