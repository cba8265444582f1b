"""The pages in a real browser: what a reader sees, every action, the keyboard, a phone, light and dark."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from albumen.testing import hostile_texts

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine"),
]

PAGES = (
    "overview",
    "quarantine?library=test",
    "item?library=test&key=2020/1.jpg",
    "item?library=test&key=old/broken.jpg",
    "library?library=test",
    "search?library=test&asked=2020",
    "map?library=test",
    "suggestions?library=test",
    "person?library=test&person=p1",
    "people?library=test",
    "duplicates?library=test",
    "clocks?library=test",
    "memories?library=test",
    "backfill?library=test",
    "alerts",
    "audit",
    "run?dag_id=transcode_originals&run_id=r",
)
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def shown(chromium: Any, operator: Any, library: Any) -> Iterator[Open]:
    """Open a page as the operator; what the browser complains of is a failure.

    Of a library, which goes after the pages: one that refreshes itself would ask for what is not there any more.
    """
    complaints: list[str] = []
    contexts = []

    def open_page(path: str, **options: Any) -> Any:
        context = chromium.new_context(base_url=str(operator.base_url), **{"viewport": DESK, **options})
        contexts.append(context)
        context.add_cookies([{"name": "_token", "value": operator.cookies["_token"], "url": str(operator.base_url)}])
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append("a script ran"), dialog.dismiss()))
        page.goto(f"/albumen/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def worked(photos: Any) -> Any:
    """The photos, as if a DAG run had worked on them."""
    photos.execute("INSERT INTO people (library_id, person_id, faces) VALUES (1, 'p1', 1)")
    photos.execute(
        "INSERT INTO face_people (library_id, item_id, face_no, person_id, confidence, x, y, width, height) "
        "SELECT 1, min(item_id), 0, 'p1', 0.9, 0.2, 0.2, 0.3, 0.3 FROM items"
    )
    photos.execute("UPDATE shards SET claim = 'transcode_originals/r/process/' || shard_id")
    photos.execute("UPDATE outcome_history SET task = 'transcode_originals/r/process/0/1'")
    return photos


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_is_accessible_and_fits(scheme: str, viewport: Any, shown: Open, worked: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for path in PAGES:
        page = shown(path, color_scheme=scheme, viewport=viewport)
        found = Axe().run(page).response["violations"]
        serious = [
            (one["id"], [node["html"] for node in one["nodes"]])
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]
        assert serious == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_airflows_choice_of_light_or_dark_is_followed(shown: Open, worked: Any) -> None:
    page = shown("overview", color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.evaluate("localStorage.setItem('theme', 'dark')")
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_hostile_texts_run_nothing(shown: Open, worked: Any) -> None:
    hostile_texts.fill(worked)
    page = shown("overview")
    for path in hostile_texts.PAGES:
        page.add_init_script("window.xss = () => { document.title = 'xss ran'; }")
        page.goto(f"/albumen/{path}")
        page.wait_for_load_state("networkidle")
        assert page.title() != "xss ran", path


def test_chosen_rows_are_released_after_a_question(shown: Open, worked: Any) -> None:
    page = shown("quarantine?library=test")
    button = page.get_by_role("button", name="Release chosen")
    assert button.is_disabled()
    page.get_by_role("checkbox", name="Choose old/broken.jpg, renditions").check()
    button.click()
    page.get_by_role("button", name="Cancel").click()
    assert worked.query("SELECT * FROM due") == []
    button.click()
    page.get_by_role("button", name="Go on", exact=True).click()
    page.get_by_text("1 released").wait_for()
    assert [row.step for row in worked.query("SELECT step FROM due")] == ["renditions"]


def test_all_rows_are_dismissed_with_a_reason(shown: Open, worked: Any) -> None:
    page = shown("quarantine?library=test")
    page.get_by_role("button", name="Dismiss all").click()
    page.get_by_label("Why").fill("scans of a lost album")
    page.get_by_role("button", name="Go on", exact=True).click()
    page.get_by_text("The quarantine is empty").wait_for()
    assert "scans of a lost album" in worked.records()["old/broken.jpg"]["detail"]


def test_first_bytes_and_the_csv_are_at_hand(shown: Open, worked: Any) -> None:
    page = shown("quarantine?library=test&prefix=old/p")
    page.get_by_text("First bytes").first.click()
    page.get_by_text("3c 68 74 6d 6c").first.wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "old/page.jpg" in download.value.path().read_text(encoding="utf-8")


def test_a_step_is_stopped_and_let_go_on(shown: Open, worked: Any) -> None:
    page = shown("overview")
    page.get_by_role("row", name="quality").get_by_role("button", name="Stop").click()
    page.get_by_label("Why, for those").fill("wrong scores")
    page.get_by_role("button", name="Go on", exact=True).click()
    page.get_by_text("quality is stopped; its due work stays due").wait_for()
    page.get_by_role("button", name="Let it go on").click()
    page.get_by_role("button", name="Go on", exact=True).click()
    page.get_by_text("quality goes on").wait_for()
    assert worked.query("SELECT * FROM step_pauses") == []


def test_a_backfill_is_priced_then_started(shown: Open, worked: Any) -> None:
    page = shown("backfill?library=test")
    page.get_by_label("Step").select_option("quality")
    page.get_by_label("Leave up-to-date items alone").uncheck()
    page.get_by_role("button", name="Size and cost").click()
    page.get_by_text("quality of 3 items").wait_for()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Go on", exact=True).click()
    page.get_by_text("started: quality of 3 items").wait_for()
    assert len(worked.query("SELECT * FROM due")) == 3


def test_an_alert_is_silenced_with_a_reason_and_heard_again(shown: Open, worked: Any) -> None:
    worked.execute(
        "INSERT INTO alerts (kind, about, summary, command) VALUES ('lane_lags', 'test', 'late', './albumen doctor')"
    )
    page = shown("alerts")
    page.get_by_role("button", name="Silence for 8 h").click()
    page.get_by_label("Why").fill("moving house")
    page.get_by_role("button", name="Go on", exact=True).click()
    page.get_by_text("moving house").wait_for()
    page.get_by_role("button", name="End").click()
    page.get_by_role("button", name="Go on", exact=True).click()
    page.get_by_text("the silence has ended").wait_for()
    assert [row.reason for row in worked.query("SELECT reason FROM silences WHERE ends_at <= now()")] == [
        "moving house"
    ]


def test_the_overview_refreshes_itself(shown: Open, worked: Any) -> None:
    page = shown("overview")
    worked.execute(
        "INSERT INTO step_pauses (step, breaker, reason, by, since) VALUES ('faces', false, 'x y', 'me', now())"
    )
    page.get_by_text("faces is stopped").wait_for(timeout=15_000)


def test_everything_is_reached_by_keyboard(shown: Open, worked: Any) -> None:
    page = shown("quarantine?library=test")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(document.activeElement.textContent || document.activeElement.name || '').trim()"))
    assert {"Filter", "CSV", "First bytes"} <= reached
    page.get_by_role("button", name="Release all").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert worked.query("SELECT * FROM due") == []


def test_a_viewer_sees_pages_without_actions(chromium: Any, viewer: Any, worked: Any) -> None:
    context = chromium.new_context(base_url=str(viewer.base_url))
    context.add_cookies([{"name": "_token", "value": viewer.cookies["_token"], "url": str(viewer.base_url)}])
    page = context.new_page()
    page.goto("/albumen/quarantine?library=test")
    assert page.get_by_role("button", name="Release").count() == 0
    answer = page.evaluate("""
        fetch('release?library=test', {method: 'POST', body: '{"everything": true}',
            headers: {'Content-Type': 'application/json', 'X-Albumen-Action': '1'}}).then((one) => one.status)
    """)
    assert answer == 403
    context.close()


def test_a_video_plays_in_the_page_of_its_item(shown: Open, films: Any) -> None:
    page = shown("item?library=test&key=film.mp4")
    heard = page.evaluate("""async () => {
        const video = document.querySelector("video");
        const heard = (name) => new Promise((done) => video.addEventListener(name, () => done(name), { once: true }));
        const moved = heard("timeupdate");
        await video.play();
        const first = await moved;
        const sought = heard("seeked");
        video.currentTime = 1.5;
        return [first, await sought, video.videoWidth];
    }""")
    assert heard == ["timeupdate", "seeked", 320]


MANY = (
    """INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
       SELECT 1, n, sha256(CAST(CAST(n AS text) AS bytea)), 1, 'photo', 'image/jpeg'
       FROM generate_series(1, 100000) n""",
    """INSERT INTO facts (library_id, item_id, original_id, taken_local, taken_confidence)
       SELECT 1, n, n, timestamp '2019-07-31 12:00' - interval '1 hour' * n, 'high'
       FROM generate_series(1, 100000) n""",
    """INSERT INTO days (library_id, day, photos, good, shown)
       SELECT 1, CAST(taken_local AS date), count(*), 0, count(*) FROM facts GROUP BY 2""",
    "ANALYZE items, facts, days",
)


def test_a_shelf_of_a_hundred_thousand_is_scrolled_to_its_end(shown: Open, library: Any) -> None:
    from playwright.sync_api import expect

    for statement in MANY:
        library.execute(statement)
    page = shown("library?library=test")
    page.locator('a.tile[data-item="1"]').wait_for()
    height = page.evaluate("document.documentElement.scrollHeight")
    for share in (0.2, 0.4, 0.6, 0.8):
        page.evaluate(f"window.scrollTo(0, {height * share})")
        expect(page.locator("a.tile:not([data-item])")).to_have_count(0)
        assert 0 < page.locator("a.tile").count() < 400
    page.keyboard.press("End")
    page.locator('a.tile[data-item="100000"]').wait_for()
    assert 0 < page.locator("a.tile").count() < 400
    page.get_by_label("Go to").select_option("2012-03")
    page.get_by_role("heading", name="March 2012").wait_for()
