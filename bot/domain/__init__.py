"""What words mean. Pure: time, ids and randomness come in as arguments.

There is one exception: `secrecy` remembers, for this process, each secret that has come in. Errors mask what they say as
they are made, wherever that is, and no error can be handed the secrets of all systems (decision 015).
"""
