"""The page that `guanjia preview` serves: an office's procedures as they are saved, and a case that is played by hand.

From files to page: `office` keeps what the folder holds and what was in order last, `runs` its stories' results, `page` makes
plain data of it in one language, `server` hands that to the browser of this machine, and page.js draws it.
"""
