"""Reports are accepted at a steady rate while every part of the service, and its receivers, are killed in turn."""
