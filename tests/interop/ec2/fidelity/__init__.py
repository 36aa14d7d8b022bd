"""Compares an EC2 mock with moto, call by call and field by field, and says which of the two is right."""
