import math
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

import pytest

from albumen.memories import personal
from albumen.memories.context import FaceBox, Person
from albumen.memories.contract import CandidateItem
from albumen.memories.personal import Signal, Taste, learn
from albumen.testing.memories import a_context, a_memorable
from albumen.testing.owners import a_story, an_owner, circle_hit_rates, hit_rates, ranked

DAY = date(2026, 5, 4)


def signal(name, days_ago=0, **features):
    return Signal(
        name, DAY - timedelta(days=days_ago), {key.replace("_", ":"): share for key, share in features.items()}
    )


def test_without_signals_the_order_is_the_impersonal_one():
    stories = [a_story(Random(7), number, DAY) for number in range(12)]
    taste = learn([], [personal.features_of(story) for story in stories], DAY)
    assert taste == Taste()
    told = ranked(stories, taste, DAY, most=5)
    assert [one.strength for one in told] == sorted((one.strength for one in stories), reverse=True)[:5]
    assert all(one.why["personal"] == 0 and one.why["weights"] == [] for one in told)


def test_what_is_liked_weighs_up_and_what_is_skipped_down():
    shown = [{"kind:trip": 1.0}, {"kind:recap": 1.0}, {"kind:event": 1.0}] * 5
    taste = learn([signal("finished", kind_trip=1.0)] * 3 + [signal("skipped", kind_recap=1.0)] * 3, shown, DAY)
    assert taste.weight("kind:trip") > 0 > taste.weight("kind:recap")
    assert taste.weight("kind:event") == 0
    assert learn([signal("shared", kind_trip=1.0)] * 3, shown, DAY).weight("kind:trip") > learn(
        [signal("opened", kind_trip=1.0)] * 3, shown, DAY
    ).weight("kind:trip")


def test_signals_fade_and_those_of_the_future_do_not_count():
    shown = [{"kind:trip": 1.0}, {"kind:recap": 1.0}] * 5
    fresh = learn([signal("finished", kind_trip=1.0)], shown, DAY)
    old = learn([signal("finished", 720, kind_trip=1.0)], shown, DAY)
    assert 0 < old.weight("kind:trip") < fresh.weight("kind:trip") / 4
    assert learn([signal("finished", -1, kind_trip=1.0)], shown, DAY) == Taste()


def test_what_is_usual_everywhere_tells_nothing():
    """A person in all stories is in all that was finished, too: that is no taste."""
    shown = [{"person:ann": 1.0, f"kind:{number % 4}": 1.0} for number in range(40)]
    taste = learn([Signal("finished", DAY, features) for features in shown[:20]], shown, DAY)
    assert abs(taste.weight("person:ann")) < 0.1


def test_favourites_and_pins_count():
    shown = [{"person:ann": 1.0}, {"person:bob": 1.0}, {"person:cy": 1.0}] * 5
    taste = learn([], shown, DAY, favourites=(40, {"person:bob": 0.9, "person:ann": 0.2}), pinned=["person:cy"])
    assert taste.weight("person:bob") > max(taste.weight("person:ann"), 0)
    assert taste.weight("person:cy") == personal.PINNED_WEIGHT


def test_why_says_in_words_what_the_strength_is_made_of():
    story = replace(a_story(Random(1), 1, DAY, an_owner(1)), strength=0.5)
    features = personal.features_of(story)
    person = next(name.partition(":")[2] for name in features if name.startswith("person:"))
    context = a_context([], people=(Person(person, "Ann", None, 20),))
    taste = Taste(dict.fromkeys(features, 0.5))
    weighed = personal.weigh(story, taste, context)
    assert weighed.strength == pytest.approx(weighed.why["impersonal"] + weighed.why["personal"])
    assert weighed.why["personal"] > 0
    named = {one["feature"] for one in weighed.why["weights"]}
    assert {"Ann", f"stories of the kind {story.kind.replace('_', ' ')}"} <= named
    assert sum(one["adds"] for one in weighed.why["weights"]) == pytest.approx(weighed.why["personal"], abs=0.01)


def test_those_photographed_on_most_days_are_close_and_why_says_so():
    seen = {"ann": 120, "bob": 60, "cy": 9, **{f"p{n}": 10 + n for n in range(9)}}
    taste = learn([], [], DAY, seen=seen)
    assert list(taste.circle)[:2] == ["ann", "bob"]
    assert len(taste.circle) == personal.CIRCLE_MOST
    assert (taste.closeness("ann"), taste.closeness("bob"), taste.closeness("cy")) == (1.2, 0.6, 0.0)
    photo = a_memorable(1, datetime(2020, 1, 1), faces=(FaceBox(0, 0, 0.1, 0.1, 1, "ann"),))
    story = replace(a_story(Random(1), 1, DAY), items=(CandidateItem(photo, ""),), strength=0.5)
    weighed = personal.weigh(story, taste, a_context([], people=(Person("ann", "Ann", None, 200),)))
    (because,) = weighed.why["weights"]
    assert because["feature"] == "Ann, photographed on 120 days of the last two years"
    assert because["adds"] == weighed.why["personal"] == pytest.approx(personal.GAIN * math.tanh(0.6), abs=0.001)
    assert "circle:ann" not in weighed.why["features"], "what is learnt of the library is no signal of its owner"


def test_what_is_read_at_weekends_is_told_at_weekends():
    monday, saturday = date(2026, 5, 4), date(2026, 5, 9)
    trips = {day: personal.features_of(replace(a_story(Random(1), 1, day), kind="trip")) for day in (monday, saturday)}
    answers = [Signal("finished", DAY, trips[saturday])] * 6 + [Signal("skipped", DAY, trips[monday])] * 6
    taste = learn(answers, [*trips.values()] * 6, DAY)
    assert taste.weight("weekend:trip") > 0.2 > -0.2 > taste.weight("weekday:trip")
    strengths = {}
    for day in (monday, saturday):
        weighed = personal.weigh(replace(a_story(Random(1), 1, day), kind="trip", strength=0.5), taste, a_context([]))
        strengths[day] = weighed.strength
        told = {one["feature"] for one in weighed.why["weights"]}
        assert told & {"stories of the kind trip at weekends", "stories of the kind trip from Monday to Friday"}
    assert strengths[saturday] > strengths[monday]


def test_the_close_circle_finds_what_an_owner_who_never_answered_likes():
    rates = [circle_hit_rates(an_owner(seed)) for seed in range(4)]
    assert sum(own for own, _ in rates) >= 1.4 * sum(plain for _, plain in rates)


def test_a_strength_stays_between_0_and_1():
    story = a_story(Random(1), 1, DAY)
    for weight, strength in ((2.0, 0.95), (-2.0, 0.05)):
        weighed = personal.weigh(
            replace(story, strength=strength), Taste({f"kind:{story.kind}": weight}), a_context([])
        )
        assert 0 <= weighed.strength <= 1


def test_simulated_owners_find_what_they_like_far_more_often():
    rates = [hit_rates(an_owner(seed), told_days=40, test_days=25) for seed in range(6)]
    own = sum(rate[0] for rate in rates) / len(rates)
    impersonal = sum(rate[1] for rate in rates) / len(rates)
    assert own >= 1.5 * impersonal
    assert impersonal > 0.05, "a feed that never hits proves nothing"
