"""What the seven services of Temponest share."""
VERSION = "v1.7.0"
