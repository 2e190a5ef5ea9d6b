from .moderating import Moderator as Moderator

__all__ = ["Moderator"]
