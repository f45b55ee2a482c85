"""What the program tells about itself: logs, figures, and which request something belongs to."""
