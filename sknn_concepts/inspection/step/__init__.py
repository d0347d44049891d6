"""One step of gradient descent with every quantity by name: as arrays, text, HTML, LaTeX and a data frame."""
