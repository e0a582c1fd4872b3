"""信访件: the petition, from what people order and what happened to what is decided, told, noticed and measured."""
