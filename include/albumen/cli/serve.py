"""`albumen serve`: the models behind the open inference protocol, for steps on this and other machines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from albumen.settings import Settings
from albumen.vision import weights
from albumen.vision.manifest import models


def serve(
    names: Annotated[list[str] | None, typer.Argument(help="Models; none: all whose weights are here.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one, which is told.")] = 8003,
    most_rows: Annotated[int, typer.Option("--batch", min=1, help="Most pictures of one run.")] = 16,
    wait_ms: Annotated[float, typer.Option(min=0, help="So long a request waits for others to be run with.")] = 2.0,
) -> None:
    """Serve the models over HTTP (KServe v2); steps ask it when `ALBUMEN_MODELS__SERVER` names it.

    Batches what comes at the same moment. `/v2/health/ready` answers 200 when every model has run once; `/metrics`
    is for Prometheus. With `ALBUMEN_MODELS__SERVER_TOKEN`, callers must show it.
    """
    import uvicorn

    from albumen.vision import networks as networks_of
    from albumen.vision.serving.application import KEEP_OPEN_S, ModelService

    chosen = Settings().models
    directory = Path(chosen.directory).expanduser()
    known = models(directory)
    unknown = sorted(set(names or ()) - known.keys())
    if unknown:
        typer.echo(f"error: no model {', '.join(unknown)}; known: {', '.join(known)}", err=True)
        raise typer.Exit(2)
    networks = {}
    for model_id, model in known.items():
        wanted = model_id in names if names else weights.state_of(model, directory) is weights.WeightsState.PRESENT
        if wanted and model.is_network:
            networks[model_id] = networks_of.here(model_id, chosen)
    if not networks:
        typer.echo("error: no network's weights are here: run `albumen models fetch`", err=True)
        raise typer.Exit(1)
    if host not in {"127.0.0.1", "::1", "localhost"} and not chosen.server_token:
        typer.echo(
            f"warning: anybody who reaches {host} can use it; ALBUMEN_MODELS__SERVER_TOKEN asks for a token", err=True
        )
    service = ModelService(networks, most_rows=most_rows, wait_s=wait_ms / 1000, token=chosen.server_token)
    typer.echo(f"serving {', '.join(networks)}")
    uvicorn.run(
        service.application(),
        host=host,
        port=port,
        log_level="info",
        access_log=False,
        timeout_keep_alive=KEEP_OPEN_S,
    )
