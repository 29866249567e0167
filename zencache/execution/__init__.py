"""Running what must run: TFX components in a Beam graph. Only this room imports TFX and Beam."""
