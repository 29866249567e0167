"""What a step's code is: the function and all of the user's own code that it reaches, by content."""
