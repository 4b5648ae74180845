"""The invented town of Яворин: drawn, furnished and peopled by code, so that a newcomer sees a living map."""
