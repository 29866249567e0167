"""Running what must run: TFX components in a Beam graph. Only this package imports TFX and Beam."""
