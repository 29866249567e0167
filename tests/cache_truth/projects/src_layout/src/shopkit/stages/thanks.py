WORDS = ("Thanks", "Come again", "See you")
