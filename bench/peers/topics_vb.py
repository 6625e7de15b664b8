"""W3 in scikit-learn: latent Dirichlet allocation by batch variational Bayes with a fixed number of updates for each document.

    theta_d ~ Dirichlet(0.1), phi_k ~ Dirichlet(0.01); a pass begins every document at concentration 1, updates it 20 times and then the topics

The value is the ELBO of the last documents and topics with q of the words' topics at its optimum, every constant kept."""
import os

import numpy as np
import scipy.sparse
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.decomposition._lda import _dirichlet_expectation_2d

import timing

UPDATES = 20


class Clocked(LatentDirichletAllocation):
    """Starts from given topics and notes when its passes begin and end: the E-step after the last pass (for a perplexity) is not counted."""
    start = None

    def _init_latent_vars(self, n_features, dtype=np.float64):
        super()._init_latent_vars(n_features, dtype)
        self.components_ = self.start.copy()
        self.exp_dirichlet_component_ = np.exp(_dirichlet_expectation_2d(self.components_))
        self.begin = timing.now()

    def _e_step(self, X, cal_sstats, random_init, parallel=None):
        documents, sums = super()._e_step(X, cal_sstats, False, parallel)
        if cal_sstats:
            self.documents = documents
        return documents, sums

    def _em_step(self, *arguments, **named):
        super()._em_step(*arguments, **named)
        self.end = timing.now()


def sklearn_topics(folder, iterations):
    doc, word, times, start = (np.load(os.path.join(folder, name + ".npy")) for name in ("doc", "word", "times", "init_concentration"))
    counts = scipy.sparse.csr_matrix((times.astype(float), (doc, word)), shape=(doc.max() + 1, start.shape[1]))
    model = Clocked(len(start), doc_topic_prior=0.1, topic_word_prior=0.01, learning_method="batch", max_iter=iterations, evaluate_every=-1,
                    max_doc_update_iter=UPDATES, mean_change_tol=0, random_state=0)
    model.start = start
    model.fit(counts)
    timing.report("sklearn", iterations, model.begin, model.end, model._approx_bound(counts, model.documents, False))
