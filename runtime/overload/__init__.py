"""What an API process does when more comes than it can do: it refuses the rest at once, and as cheaply as can be."""
