"""The pages people work in: server-rendered, Chinese first, keyboard first."""
