"""The step `palette`: the main colours of a photo as a strip, a rendition of its own."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult, StoredObject
from albumen.pipeline.taxonomy import ItemFault

COLOURS = 5
SIDE = 40


class PaletteStep(Step):
    """Finds the main colours of a photo."""

    name = "palette"
    version = 1
    reads = "preview"
    needs = ("renditions",)
    expected_seconds = 0.02

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One strip a photo."""
        return [self._strip(media) for media in batch]

    def _strip(self, media: MediaInput) -> Outcome:
        from PIL import Image

        try:
            picture = Image.fromarray(media.picture).resize((64, 64))
        except ItemFault as fault:
            return fault
        found = picture.quantize(COLOURS).convert("RGB").getcolors(COLOURS) or []
        strip = Image.new("RGB", (COLOURS * SIDE, SIDE))
        for place, (_, colour) in enumerate(sorted(found, reverse=True)):
            strip.paste(colour, (place * SIDE, 0, COLOURS * SIDE, SIDE))
        stream = BytesIO()
        strip.save(stream, "PNG")
        return StepResult(
            objects=[StoredObject("palette", "png", "image/png", strip.width, strip.height, stream.getvalue())]
        )
