"""Filing at the desk: what the words propose, what is like it, a draft that is kept."""
