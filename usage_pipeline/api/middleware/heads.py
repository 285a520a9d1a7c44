"""Answers HEAD as GET, without the body."""

from starlette.types import Message, Receive, Scope, Send

from usage_pipeline.api.middleware.base import HttpMiddleware


class Heads(HttpMiddleware):
    """Lets routes see a GET. A stream is not read beyond its first piece."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            is_start = message["type"] == "http.response.start"
            scope["method"] = "HEAD"  # the server looks here whether a body has to come
            await send(message if is_start else {"type": "http.response.body", "body": b""})
            if message.get("more_body", False):
                raise _AnsweredError

        # Those outside ask this scope, in place of a copy, for the route that is found.
        scope["method"] = "GET"
        try:
            await self.app(scope, receive, sending)
        except _AnsweredError:
            pass
        finally:
            scope["method"] = "HEAD"


class _AnsweredError(Exception):
    """Ends the work for an answer that is complete."""
