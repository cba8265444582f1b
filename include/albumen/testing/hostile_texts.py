"""Texts that break out of careless pages, and a catalog that is full of them."""

from __future__ import annotations

import json

from albumen.testing.library import TestLibrary

CORPUS = (
    "<script>xss()</script>",
    "</script><script>xss()</script>",
    "<img src=x onerror=xss()>",
    '"><img src=x onerror=xss()>',
    "' onmouseover='xss()",
    '" autofocus onfocus="xss()',
    "<svg onload=xss()>",
    "</title><script>xss()</script>",
    "</textarea><script>xss()</script>",
    "<iframe srcdoc='<script>parent.xss()</script>'>",
    "javascript:xss()",
    "{{ 7 * 7 }}{% raw %}",
    "${xss()}`xss()`",
    "<!--><script>xss()</script>",
    '<a href="javascript:xss()">photo</a>',
    "&lt;script&gt;xss()&lt;/script&gt;",
    "\u202egpj.exe\u2066",
    "<style>*{display:none}</style>",
    '<math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=xss() src>">',
    "\\u003cscript\\u003exss()\\u003c/script\\u003e",
)


def fill(library: TestLibrary) -> None:
    """Put every text of the corpus wherever a stranger's text can come to lie."""
    for number, text in enumerate(CORPUS, start=5000):
        values = {"id": number, "text": text, "key": f"test/{text}", "json": json.dumps({text: text, "list": [text]})}
        library.execute(
            """
            INSERT INTO originals (library_id, bucket, key, original_id, etag, size, last_modified, item_id, kind, mime)
            SELECT library_id, bucket, :key, :id, 'e', 1, now(), :id + 1000, 'photo', :text FROM libraries LIMIT 1
            """,
            **{name: values[name] for name in ("id", "text", "key")},
        )
        library.execute(
            """
            INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
            SELECT library_id, :id + 1000, CAST(CAST(:id AS text) AS bytea), 1, 'photo', :text FROM libraries LIMIT 1
            """,
            id=number,
            text=text,
        )
        library.execute(
            """
            INSERT INTO facts (library_id, item_id, original_id, make, model, lens, taken_source, extra)
            SELECT library_id, :id + 1000, :id, :text, :text, :text, :text, CAST(:json AS jsonb) FROM libraries LIMIT 1
            """,
            **{name: values[name] for name in ("id", "text", "json")},
        )
        library.execute(
            """
            INSERT INTO raw_tags (library_id, item_id, tags)
            SELECT library_id, :id + 1000, CAST(:json AS jsonb) FROM libraries LIMIT 1
            """,
            id=number,
            json=values["json"],
        )
        for table in ("outcomes", "outcome_history"):
            library.execute(
                f"""
                INSERT INTO {table} (library_id, subject_id, step, state, reason, detail, attempts, version, inputs_key,
                    cpu_s, wall_s, bytes_read, bytes_written, task)
                SELECT library_id, :id + 1000, 'quality', 'quarantined', 'bug', :text, 1, 1, 'i', 0, 0, 0, 0,
                    'hostile/run/process/0/1' FROM libraries LIMIT 1
                """,  # noqa: S608
                id=number,
                text=text,
            )
        library.execute(
            "INSERT INTO audit (by, action, library, details) VALUES (:text, :text, :text, CAST(:json AS jsonb))",
            text=text,
            json=values["json"],
        )
        library.execute(
            "INSERT INTO step_pauses (step, breaker, reason, by, since, sample)"
            " VALUES (:text, true, :text, :text, now(), CAST(:json AS jsonb)) ON CONFLICT DO NOTHING",
            text=text,
            json=json.dumps({"failed": 1, "of": 1, "faults": [{"reason": text, "detail": text}]}),
        )
        library.execute(
            """
            INSERT INTO memories (memory_id, library_id, kind, key, told_on, title, reason, strength, cover_item_id,
                inputs_key, page_key, why)
            SELECT :memory, library_id, :text, :text, current_date, :text, :text, 1, :id + 1000, 'i', '',
                CAST(:json AS jsonb) FROM libraries LIMIT 1
            """,
            memory=f"{number:016x}",
            **{name: values[name] for name in ("id", "text", "json")},
        )
        library.execute(
            "INSERT INTO memory_items (memory_id, position, item_id, reason) VALUES (:memory, 0, :id + 1000, :text)",
            memory=f"{number:016x}",
            id=number,
            text=text,
        )
        library.execute(
            "INSERT INTO suppressions (library_id, kind, value) SELECT library_id, :text, :text FROM libraries LIMIT 1",
            text=text,
        )
        library.execute(
            "INSERT INTO people (library_id, person_id, name, faces)"
            " SELECT library_id, :person, :text, 1 FROM libraries LIMIT 1",
            person=f"p{number}",
            text=text,
        )
        library.execute(
            "INSERT INTO camera_clocks (library_id, camera, first, last, ahead, utc_minutes, matches, days)"
            " SELECT library_id, :text, timestamp '2020-05-01', timestamp '2020-05-09', 90, 0, 9, 3"
            " FROM libraries LIMIT 1",
            text=text,
        )
        library.execute("INSERT INTO alerts (kind, about, summary) VALUES (:text, :text, :text)", text=text)
        library.execute(
            "INSERT INTO silences (kind, about, reason, by, ends_at)"
            " VALUES (:text, :text, :text, :text, now() + interval '1 day')",
            text=text,
        )
    library.execute("INSERT INTO tallies SELECT 1, 'quality', 'quarantined', 'bug', 0, :n", n=len(CORPUS))
    library.execute(
        "INSERT INTO shards (library_id, pass_name, lane, size, claim, leased_until, finished_at, summary)"
        " SELECT library_id, 'preview', 0, 1, 'hostile/run/process/0', now(), now(), CAST(:json AS jsonb)"
        " FROM libraries LIMIT 1",
        json=json.dumps({"outcomes": [[text, text, text, 1] for text in CORPUS]}),
    )


PAGES = (
    "overview",
    "quarantine?library=test",
    *(f"item?library=test&subject={6000 + number}" for number in range(len(CORPUS))),
    "library?library=test",
    "search?library=test&asked=script",
    "map?library=test",
    "people?library=test",
    *(f"person?library=test&person=p{5000 + number}" for number in range(len(CORPUS))),
    "suggestions?library=test",
    "duplicates?library=test",
    "clocks?library=test",
    "memories?library=test",
    *(f"memory?library=test&memory={5000 + number:016x}" for number in range(len(CORPUS))),
    "backfill?library=test",
    "alerts",
    "audit",
    "run?dag_id=hostile&run_id=run",
    "run?dag_id=hostile&run_id=run&task_id=process&map_index=0",
)
"""Every page, filled with them."""
