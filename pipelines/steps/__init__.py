"""What the components do, as plain functions: no KFP and no TensorFlow in here."""
