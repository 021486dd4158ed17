package dev.vicreg.training.data.source;

/** Hears how far the opening of data is, which may take minutes: their samples are decoded once to check them. */
public interface Opening {
    /** Listens to nothing. */
    Opening UNHEARD = new Opening() {
        @Override
        public void selected(String where, String noun, int count) {}

        @Override
        public void read() {}
    };

    /**
     * Before any sample is read.
     *
     * @param where what the user calls the data
     * @param noun what samples are called, in the plural
     * @param count how many are to be read
     * @throws IllegalArgumentException to refuse them
     */
    void selected(String where, String noun, int count);

    /** One more of them was read. Called by several threads. */
    void read();
}
