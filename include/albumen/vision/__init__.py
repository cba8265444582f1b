"""Models and what they see in a picture: weights, faces, quality, likeness."""
