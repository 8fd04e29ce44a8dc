"""The HTTP trigger: routes requests to components and their responses back."""
