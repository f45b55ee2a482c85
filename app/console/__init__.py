"""The pages: of firms and of the council."""
