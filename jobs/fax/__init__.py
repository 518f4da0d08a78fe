"""The fax queue: a request's packet from the moment it is to be faxed until the far end has every page, or a person has it.

`state` and `happened` are what the journal keeps; `book` reads and writes it; `entering`, `handing_over`, `settling` and
`deciding` are what is done with it.
"""
