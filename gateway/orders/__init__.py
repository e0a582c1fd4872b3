"""What people ask for, as doors read it: fields to fill in, orders to cases, drafts of new ones."""
