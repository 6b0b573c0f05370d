"""What several rooms draw: style, images and error maps."""
