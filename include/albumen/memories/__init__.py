"""Memories: stories chosen from a library, each saying why it was made and why each picture is in it.

Everything here is a pure function of values. A kind (`kinds/`, one file each) names the dates it
wants to see, is given a `Context` of the photos found there, and answers with candidates;
`curation` chooses the pictures, `titles` finds the words, `story` fixes the result, and
`rendering` turns it into one page that needs nothing else.
"""
