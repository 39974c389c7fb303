"""The first owner comes in, and lets others in."""

import re

from playwright.sync_api import Browser, expect

from tests.browser.shown_site import HOSTILE, Look, looking, serious_barriers
from tests.flow.pipeline import Pipeline

_PASSWORD = "correct horse battery"


def test_first_owner_comes_in_by_the_link_and_lets_others_in(browser: Browser, shared_pipeline: Pipeline) -> None:
    link = re.search(r"#setup=[\w-]+", shared_pipeline.logs())
    assert link is not None
    for website_id in ("only-for-eve", "for-eve-too"):
        shared_pipeline.call("POST", "websites", {"id": website_id})
    for page, origin in looking(browser, shared_pipeline, Look(is_owner=False)):
        page.goto(origin)
        expect(page.locator(".notice")).to_contain_text("Nobody has an account yet")
        assert serious_barriers(page) == {}
        page.goto(f"{origin}/{link.group()}")
        page.get_by_label("Your name").fill("Ada")
        page.get_by_label("E-mail").fill("ada@example.com")
        page.get_by_label("Password").fill(_PASSWORD)
        page.get_by_role("button", name="Create my account").click()
        expect(page.locator("h1")).to_have_text("Websites")

        page.get_by_role("button", name="Ada", exact=True).click()
        page.click("text=People…")
        page.get_by_label("E-mail").fill("bob@example.com")
        page.locator("dialog").get_by_label("Name").fill(HOSTILE)
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.locator("dialog li", has_text="bob@example.com")).to_contain_text(HOSTILE)
        password = page.locator("dialog .notice code").text_content() or ""
        with page.expect_response(lambda answer: answer.request.method == "PUT"):
            page.get_by_label("Role of bob@example.com").select_option("editor")
        page.get_by_role("button", name="New password for bob@example.com").click()
        page.get_by_role("button", name="Make a new password").click()
        expect(page.locator("dialog .notice code")).not_to_have_text(password)
        password = page.locator("dialog .notice code").text_content() or ""
        page.get_by_label("E-mail").fill("eve@example.com")
        page.get_by_label("All websites").uncheck()
        page.get_by_label("only-for-eve").check()
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.locator("dialog li", has_text="eve@example.com")).to_contain_text("only-for-eve")
        page.get_by_role("button", name="Websites of eve@example.com").click()
        dialog = page.get_by_role("dialog", name="Websites of eve@example.com")
        expect(dialog.get_by_label("only-for-eve")).to_be_checked()
        dialog.get_by_label("for-eve-too").check()
        dialog.get_by_role("button", name="Save").click()
        expect(page.locator("dialog li", has_text="eve@example.com")).to_contain_text("for-eve-too, only-for-eve")
        page.get_by_role("button", name="Websites of eve@example.com").click()
        dialog.get_by_label("All websites").check()
        dialog.get_by_role("button", name="Save").click()
        expect(page.locator("dialog li", has_text="eve@example.com")).to_contain_text("all websites")
        page.get_by_role("button", name="Disable eve@example.com").click()
        expect(page.locator("dialog li", has_text="eve@example.com")).to_contain_text("disabled")
        page.get_by_role("button", name="Delete eve@example.com").click()
        page.get_by_role("button", name="Delete person").click()
        expect(page.locator("dialog li", has_text="eve@example.com")).to_have_count(0)
        # There is always an owner: nobody takes that from themselves.
        expect(page.get_by_label("Role of ada@example.com")).to_be_disabled()
        expect(page.get_by_label("Delete ada@example.com")).to_have_count(0)
        assert serious_barriers(page) == {}
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Ada", exact=True).click()
        page.click("text=Sign out")
        expect(page.locator("h1")).to_have_text("Sign in")

        page.get_by_label("E-mail").fill("bob@example.com")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("h1")).to_have_text("Websites")
        # An editor adds no website and nobody.
        expect(page.get_by_role("button", name="Add website")).to_have_count(0)
        page.reload()
        page.get_by_role("button", name=HOSTILE).click()
        expect(page.get_by_text("People…")).to_have_count(0)
        page.click("text=Change password…")
        page.get_by_label("Current password").fill(password)
        page.get_by_label("New password").fill(_PASSWORD)
        page.get_by_role("button", name="Change", exact=True).click()
        expect(page.locator(".toast")).to_have_text("Changed")
        for tried, status in ((password, 401), (_PASSWORD, 200)):
            bob = {"email": "bob@example.com", "password": tried}
            assert shared_pipeline.call("POST", "session", bob, token="").status == status
    users = {user["email"]: user["role"] for user in shared_pipeline.read("users").body["data"]}
    assert users == {"ada@example.com": "owner", "bob@example.com": "editor"}
